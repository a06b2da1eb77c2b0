"""Tables, row mappers, queries, the writer and the outbox."""
