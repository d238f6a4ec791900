"""The bridge to event apps: signed webhooks in, generations by the service, replies out."""
