//! Another engine answers at the same address: nothing of the one before is left on the screen, and it is told until somebody has seen it.

use super::*;
use crate::model::snapshot::Replaced;

fn replaced_by_another(play: &mut Play, times: u64) {
    let mut snapshot = example::snapshot(play.now);
    let why = "another engine answers at http://h: installation two, before it was installation one".to_owned();
    snapshot.replaced = Some(Replaced { since: play.now, why, times });
    play.send(Message::Snapshot(Arc::new(snapshot)));
}

#[test]
fn marks_cursors_filters_pages_and_what_is_typed_go_with_the_engine_they_were_of() {
    let mut play = play();
    play.press("<down> <enter><enter>");
    assert!(play.app.incidents.has_cursor());
    play.press("<enter>");
    assert!(play.app.page().is_some(), "a page of an incident");
    play.press("/");
    replaced_by_another(&mut play, 1);
    assert!(play.app.page().is_none() && play.app.overlay.is_none());
    assert!(!play.app.incidents.has_cursor());
    assert_eq!(*play.app.incidents.level(), crate::app::incidents::Level::Groups);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Poll(PollCommand::Look(_)))), "what is on the screen is told anew");
}

#[test]
fn it_is_told_until_somebody_has_seen_it_and_again_for_the_next_one() {
    let mut play = play();
    assert!(play.app.replaced().is_none());
    replaced_by_another(&mut play, 1);
    play.press("<down><enter>");
    replaced_by_another(&mut play, 1);
    assert!(play.app.replaced().is_some(), "moving on is not seeing it");
    assert!(play.app.incidents.has_cursor(), "the next picture of the same engine moves nothing");
    play.press("r");
    assert!(play.app.replaced().is_none());
    replaced_by_another(&mut play, 2);
    assert!(play.app.replaced().is_some());
}
