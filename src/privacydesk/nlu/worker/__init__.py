"""Understanding in a process of its own: whoever asks, the program that answers, and their wire.

What strangers write is read here by some hundred expressions and a model. Beside the desk, reading
it costs the desk little, and a message that brings its reader down brings down nothing else.
"""
