"""Providers are asked again, every few minutes, whether those they vouched for are still there."""
