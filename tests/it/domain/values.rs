//! Values that commands carry, from small pools so that ids and words meet again.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use jan_domain::id::{AccountId, TenantId};
use jan_domain::{Owner, UserMetadata};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Number, Value};

/// One of two accounts.
pub(crate) fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![4 => Just("user_ann"), 1 => Just("user_bob")].prop_map(|account| Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    })
}

/// A moment within four hours, in no order.
pub(crate) fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0..240i64).prop_map(|minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes))
}

/// Often one of two words, otherwise any characters at all.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("a".to_owned()),
        2 => Just("b".to_owned()),
        2 => vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

/// A few pairs.
pub(crate) fn metadata() -> impl Strategy<Value = UserMetadata> {
    btree_map("[xy]", text(), 0..3).prop_map(|pairs: BTreeMap<String, String>| {
        UserMetadata::parse(pairs).expect("few and short pairs are within the limits")
    })
}

/// Any JSON value, not too deep.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter_map("not a number", Number::from_f64)
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}
