"""Other systems that hand matters over: the province's 95598 and the government's grid."""
