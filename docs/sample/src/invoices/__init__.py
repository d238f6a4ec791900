"""Books gross invoices into net and tax, and reports what tax is due."""
