"""Where a request came from, cut so that it names a network and nobody in it."""

from ipaddress import ip_address, ip_network

# SECURITY 4 and 9: the first three numbers of an IPv4 address, the first 48 bits of an IPv6 one.
BITS = {4: 24, 6: 48}


def network_of(address: str) -> str:
    """ "203.0.113.77" → "203.0.113.0/24"; "" for what is no address."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return ""
    plain = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network(f"{plain}/{BITS[plain.version]}", strict=False))
