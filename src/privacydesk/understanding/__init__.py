"""Understanding in a separate process: the client, the program, and the protocol between them.

Untrusted text is read here by some hundred regular expressions and a model. In a process of its
own this costs the desk little, and a message that crashes its reader crashes nothing else.
"""
