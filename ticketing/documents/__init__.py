"""Printed papers of the hotline: plain facts become an official paper, and that DOCX or PDF."""
