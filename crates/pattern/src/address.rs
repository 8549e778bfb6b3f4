//! IP addresses and networks.

use std::net::IpAddr;

/// The addresses from one to another. As the engine takes it, a network begins at the address that was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    first: IpAddr,
    last: IpAddr,
}

impl Network {
    /// # Errors
    /// Event Ruler's sentence.
    pub fn parse(text: &str) -> Result<Network, String> {
        let Some((address, bits)) = text.split_once('/').filter(|(_, bits)| !bits.contains('/')) else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        if bits < 0 {
            return Err("Malformed CIDR, mask bits must not be negative".to_owned());
        }
        let first: IpAddr = address.parse().map_err(|_| format!("Nonstandard IP address: {address}"))?;
        let last = match first {
            IpAddr::V4(_) if bits > 31 => return Err("IPv4 mask bits must be < 32".to_owned()),
            IpAddr::V6(_) if bits > 127 => return Err("IPv6 mask bits must be < 128".to_owned()),
            IpAddr::V4(it) => IpAddr::V4((it.to_bits() | u32::MAX >> bits).into()),
            IpAddr::V6(it) => IpAddr::V6((it.to_bits() | u128::MAX >> bits).into()),
        };
        Ok(Network { first, last })
    }

    pub fn contains(&self, text: &str) -> bool {
        let Ok(it) = text.parse::<IpAddr>() else { return false };
        it.is_ipv4() == self.first.is_ipv4() && (self.first..=self.last).contains(&it)
    }
}

/// Two spellings of one address.
pub fn same(one: &str, other: &str) -> bool {
    // Only those of version 6 have several.
    one.contains(':') && one.parse::<IpAddr>().is_ok_and(|it| other.parse() == Ok(it))
}
