"""What staff do on tickets. The console and the commands call the same methods.

``Staff`` holds it all by what it is about. Each method names who acts; what they may do depends on
their role and on the ticket.
"""
