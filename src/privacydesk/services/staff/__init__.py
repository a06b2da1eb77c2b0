"""Staff's work on tickets, shared by the console, the HTTP API and the commands.

``StaffServices`` groups the services. Each method takes the name of the acting agent; what they
may do depends on their role and on the ticket.
"""
