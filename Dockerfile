# The command in a container, with the versions of uv.lock and no right beyond the folders it is given:
#   docker build -t autogen .                 (--build-arg EXTRAS="--extra redis --extra encrypt" for more;
#                                              the bridge's checkouts need --build-arg PACKAGES=git, too)
#   docker run --rm -v "$PWD:/project" -v autogen:/data -e OPENAI_API_KEY autogen generate MODULE SYMBOL
FROM python:3.13-slim AS build
ARG EXTRAS=""
ENV UV_PROJECT_ENVIRONMENT=/opt/autogen UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /source
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY completions completions
COPY autogen_cli autogen_cli
COPY autogenlib autogenlib
# hadolint ignore=SC2086
RUN uv sync --frozen --no-dev --no-editable --no-cache ${EXTRAS}

FROM python:3.13-slim
ARG PACKAGES=""
# hadolint ignore=DL3008,SC2086
RUN if [ -n "${PACKAGES}" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends ${PACKAGES} && rm -rf /var/lib/apt/lists/*; \
    fi
RUN useradd --uid 1000 --user-group --create-home autogen \
    && install --directory --owner autogen --group autogen /data /project
COPY --from=build /opt/autogen /opt/autogen
ENV PATH=/opt/autogen/bin:$PATH AUTOGEN_HOME=/data
USER 1000
VOLUME /data
WORKDIR /project
ENTRYPOINT ["autogen"]
CMD ["--help"]
