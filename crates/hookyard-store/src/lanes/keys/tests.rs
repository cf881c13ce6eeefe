//! Moments that the simulation of a whole lane meets only by luck.

use hookyard_model::id::{ConnectionId, RequestId};

use super::*;
use crate::lanes::shares::Line;

const ROOM: usize = 100;

fn order() -> OrderKey {
    OrderKey::from_hash(1)
}

fn event(number: u64) -> Ready {
    let id = EventId { request: RequestId(number), connection: ConnectionId(1) };
    Ready { order: Some(order()), ..Ready::bare(id, Line::Fresh) }
}

fn offer(keys: &mut Keys, number: u64) -> Offered {
    keys.offer(order(), event(number), ROOM, true, true)
}

fn begin(keys: &mut Keys) {
    assert!(keys.begin_look(Timestamp::from_ms(0)).is_some());
}

/// Ends a look that found these, and all there is.
fn end(keys: &mut Keys, loaded: &[u64]) -> Vec<u64> {
    let loaded = loaded.iter().map(|number| event(*number)).collect();
    let dropped = keys.take_in(FoundKey { key: order(), loaded, read_up_to: None, blocked: None }, |_| true);
    assert!(dropped.is_empty(), "{dropped:?}");
    keys.end_look().iter().map(|ready| ready.event.request.0).collect()
}

#[test]
fn what_came_while_a_woken_lane_was_looked_at_goes_before_what_comes_after() {
    let mut keys = Keys::new(ROOM);
    begin(&mut keys);
    // Somebody queues an event by hand, and the index has been read already when this one comes.
    keys.look_at_all();
    assert!(matches!(offer(&mut keys, 2), Offered::InIndex(_)));
    assert_eq!(end(&mut keys, &[1]), [1]);
    assert!(matches!(offer(&mut keys, 3), Offered::InIndex(_)), "2 waits in the index");
    assert!(keys.ended(order(), event(1).event).is_none());
    begin(&mut keys);
    assert_eq!(end(&mut keys, &[2, 3]), [2]);
}

#[test]
fn a_key_that_is_known_for_certain_is_not_looked_for_again() {
    let mut keys = Keys::new(ROOM);
    begin(&mut keys);
    assert_eq!(end(&mut keys, &[1]), [1]);
    assert!(matches!(offer(&mut keys, 2), Offered::Waits));
    assert_eq!(keys.ended(order(), event(1).event).unwrap().event, event(2).event);
    assert!(keys.ended(order(), event(2).event).is_none());
    assert!(!keys.wants_look(0, ROOM));
}
