"""Flows as data: schema, reader, checker and engine. Pure: text in, values out."""
