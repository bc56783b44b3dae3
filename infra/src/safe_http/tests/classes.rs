//! The classifier against a second one that was written differently.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use super::super::address::is_public;

/// By ranges of numbers, not by prefixes, and by std's own words where they exist.
fn is_public_by_range(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let assigned = matches!(
        (a, b, c),
        (192, 0, 0) | (192, 31, 196) | (192, 52, 193) | (192, 88, 99) | (192, 175, 48)
    );
    let azure = (a, b, c, d) == (168, 63, 129, 16);
    !(a == 0
        || a >= 224
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || benchmark
        || assigned
        || azure)
}

fn public_v6(address: Ipv6Addr) -> bool {
    let number = u128::from(address);
    if number >> 32 == 0x0064_ff9b_u128 << 64 {
        return public_v4(Ipv4Addr::from(u32::try_from(number & 0xffff_ffff).unwrap()));
    }
    let within = |first: &str, last: &str| {
        let read = |text: &str| u128::from(text.parse::<Ipv6Addr>().unwrap());
        (read(first)..=read(last)).contains(&number)
    };
    within("2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        && !within("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")
        && !within("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
        && !within("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        && !within("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff")
        && !within("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")
}

/// Addresses near the borders of blocks are rare among all addresses, so they are drawn on purpose.
fn addresses() -> impl Strategy<Value = IpAddr> {
    let borders: Vec<u32> = [
        "0.0.0.0",
        "10.0.0.0",
        "11.0.0.0",
        "100.64.0.0",
        "100.128.0.0",
        "127.0.0.0",
        "128.0.0.0",
        "168.63.129.16",
        "169.254.0.0",
        "169.255.0.0",
        "172.16.0.0",
        "172.32.0.0",
        "192.0.0.0",
        "192.0.1.0",
        "192.0.2.0",
        "192.0.3.0",
        "192.88.99.0",
        "192.168.0.0",
        "192.169.0.0",
        "198.18.0.0",
        "198.20.0.0",
        "198.51.100.0",
        "203.0.113.0",
        "224.0.0.0",
        "240.0.0.0",
    ]
    .iter()
    .map(|text| u32::from(text.parse::<Ipv4Addr>().unwrap()))
    .collect();
    let near = (proptest::sample::select(borders), -2_i32..3)
        .prop_map(|(border, by)| border.wrapping_add_signed(by));
    let v4 = prop_oneof![any::<u32>(), near];
    let hidden = (
        prop_oneof![
            Just("::"),
            Just("::ffff:0:0"),
            Just("64:ff9b::"),
            Just("64:ff9b:1::"),
            Just("2002::"),
            Just("2001::"),
            Just("2001:200::"),
            Just("2001:db8::"),
            Just("3fff:1000::"),
            Just("fc00::"),
            Just("fe80::"),
            Just("ff02::"),
            Just("2606:4700::"),
            Just("4000::"),
        ],
        v4.clone(),
        any::<bool>(),
    )
        .prop_map(|(prefix, low, at_the_top)| {
            let prefix = u128::from(prefix.parse::<Ipv6Addr>().unwrap());
            let low = u128::from(low) << if at_the_top { 80 } else { 0 };
            Ipv6Addr::from(prefix | low)
        });
    prop_oneof![
        v4.prop_map(|number| IpAddr::V4(number.into())),
        any::<u128>().prop_map(|number| IpAddr::V6(number.into())),
        hidden.prop_map(IpAddr::V6),
    ]
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

    #[test]
    fn two_classifiers_agree(address in addresses()) {
        prop_assert_eq!(is_public(address), is_public_by_range(address), "{}", address);
    }

    #[test]
    fn what_hides_a_private_address_is_not_public(low in any::<u32>()) {
        let hidden = Ipv4Addr::from(low);
        let mapped = IpAddr::V6(hidden.to_ipv6_mapped());
        prop_assert_eq!(is_public(mapped), false);
        let translated = IpAddr::V6(Ipv6Addr::from(0x0064_ff9b_u128 << 96 | u128::from(low)));
        prop_assert_eq!(is_public(translated), public_v4(hidden));
    }
}

#[test]
fn well_known_addresses_are_where_they_belong() {
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.216.34",
        "168.63.129.17",
        "2606:4700::1111",
        "2a00::1",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for inside in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "::1",
        "::",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "5f00::1",
    ] {
        assert!(!is_public(inside.parse().unwrap()), "{inside}");
    }
}
