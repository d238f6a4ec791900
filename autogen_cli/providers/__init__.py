"""Everything that answers a prompt: HTTP services, programs, recorded answers and the offline scaffold."""
