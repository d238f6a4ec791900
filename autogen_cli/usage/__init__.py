"""Where the money and the time went: the ledger of calls, their prices, and reports over both."""
