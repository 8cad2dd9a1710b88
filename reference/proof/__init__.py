"""The proof as a page: what agreed, how closely, and what planted mistakes say of the check."""
