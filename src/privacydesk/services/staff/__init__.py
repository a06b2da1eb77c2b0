"""Staff's work on tickets. The console and the commands call the same methods.

``Staff`` groups the services by subject. Each method takes the acting agent; what they may do
depends on their role and on the ticket.
"""
