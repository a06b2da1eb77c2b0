"""Storage: tables, row mappers, queries, repositories and the writer."""
