"""Is this connection secure enough: the policy, certificates, TLS, proxies, response headers."""
