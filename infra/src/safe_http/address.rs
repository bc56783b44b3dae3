//! Which addresses belong to the public internet. Everything else is somebody's inside: ours, our
//! cloud's, our neighbour's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not the public internet, from IANA's registry of special purposes, plus
/// the one public address that is a cloud's inside.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carriers' shared space
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // Azure's host agent
    ([169, 254, 0, 0], 16),   // link-local, and most clouds' metadata
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // AMT
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([192, 175, 48, 0], 24),  // AS112
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, and broadcast
];

/// Blocks within `2000::/3` that are not the public internet.
const SPECIAL_V6: &[([u16; 3], u32)] = &[
    ([0x2001, 0, 0], 23),           // protocol assignments, Teredo among them
    ([0x2001, 0x0db8, 0], 32),      // documentation
    ([0x2002, 0, 0], 16),           // 6to4: any IPv4 address in disguise
    ([0x2620, 0x004f, 0x8000], 48), // AS112
    ([0x3fff, 0, 0], 20),           // documentation
];

/// Whether an address is one that anybody may be sent to.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4
        .iter()
        .any(|(block, bits)| within_v4(address, Ipv4Addr::from(*block), *bits))
}

/// Only `2000::/3` is handed out. IPv4 in disguise (mapped, compatible, 6to4, Teredo) is thereby
/// refused whatever it hides; the one honest translation, NAT64, is as public as what it translates.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        let hidden = u32::from(high) << 16 | u32::from(low);
        return is_public_v4(Ipv4Addr::from(hidden));
    }
    let global = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
    within_v6(address, global, 3)
        && !SPECIAL_V6.iter().any(|([a, b, c], bits)| {
            within_v6(address, Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0), *bits)
        })
}

/// Whether the first `bits` bits of two addresses agree.
pub(super) fn within(address: IpAddr, block: IpAddr, bits: u32) -> bool {
    match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => within_v4(address, block, bits),
        (IpAddr::V6(address), IpAddr::V6(block)) => within_v6(address, block, bits),
        _ => false,
    }
}

fn within_v4(address: Ipv4Addr, block: Ipv4Addr, bits: u32) -> bool {
    let different = u32::from(address) ^ u32::from(block);
    different.leading_zeros() >= bits
}

fn within_v6(address: Ipv6Addr, block: Ipv6Addr, bits: u32) -> bool {
    let different = u128::from(address) ^ u128::from(block);
    different.leading_zeros() >= bits
}
