"""Credentials, redaction, the guard against secrets in what is sent."""
