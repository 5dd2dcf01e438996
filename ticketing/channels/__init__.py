"""Adapters to the outside: text messages, e-mail, webhooks (M1). They know no database."""
