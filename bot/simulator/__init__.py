"""A WeChat platform for tests and the demo: it keeps the platform's rules and misbehaves on order.

It is written from the platform's side and shares no code with the bot, so that a rule that the
bot has wrong is found here and not by a customer. Not WeChat, and never dressed as WeChat.
"""
