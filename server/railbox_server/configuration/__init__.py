"""Remote configuration of trackers: what each is to be set to, sent to it, and what it said of that."""
