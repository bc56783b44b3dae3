use serde_json::json;
use crate::item::*; use crate::id::ItemId;
use crate::conversation::ConversationEvent;
#[test]
fn scratch() {
    for depth in 100..127 {
        let text = format!("{{\"items\":[{{\"type\":\"reasoning\",\"summary\":{}{}}}]}}", "[".repeat(depth), "]".repeat(depth));
        let Ok(v) = serde_json::from_str::<serde_json::Value>(&text) else { println!("request of depth {depth} unparsable"); continue };
        let item = parse_item(v["items"][0].clone(), ItemId::parse("msg_1").unwrap()).unwrap();
        let e = ConversationEvent::ItemsAppended{ items: vec![item], response: None, at: chrono::DateTime::UNIX_EPOCH };
        let t = serde_json::to_string(&e).unwrap();
        if let Err(e) = crate::history::decode("conversation", "ConversationItemsAppended", "1.0", &t) { println!("depth {depth}: {e:?}"); }
    }
    let mut bad = 0;
    let mut x: u64 = 88172645463325252;
    for _ in 0..100000 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; let f = f64::from_bits(x); if !f.is_finite() {continue}
        let f = -((x >> 11) as f64 / (1u64<<53) as f64) * 20.0;
        let t = serde_json::to_string(&json!(f)).unwrap(); let g: f64 = serde_json::from_str::<serde_json::Value>(&t).unwrap().as_f64().unwrap();
        if f != g { bad += 1; } }
    println!("bad floats {bad}");
}
