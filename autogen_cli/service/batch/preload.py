"""What all workers need, loaded once in the process that they are forked from, so that they share its memory."""

import gc

import autogen_cli.cache.base
import autogen_cli.context.engine
import autogen_cli.generation.fit
import autogen_cli.generation.prompt
import autogen_cli.security.secrets
import autogen_cli.service.batch.worker  # noqa: F401 - as those above, for its module alone
from autogen_cli.context.tokens import count_tokens

count_tokens("")  # loads the vocabulary
gc.freeze()  # else the collector would write to what is shared
