//! How many messages a second become signatures.

use bpmtop::triage::signature;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const LABELLED: &str = concat!(include_str!("../src/triage/labelled/first.txt"), include_str!("../src/triage/labelled/held_back.txt"));

fn main() {
    divan::main();
}

#[divan::bench]
fn labelled_messages(bencher: Bencher<'_, '_>) {
    let messages: Vec<&str> = LABELLED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    bencher.counter(ItemsCount::new(messages.len())).bench(|| messages.iter().filter(|message| signature(black_box(message)).is_no_message()).count());
}

#[divan::bench]
fn a_message_of_a_megabyte(bencher: Bencher<'_, '_>) {
    let message = LABELLED.repeat(1_000_000 / LABELLED.len());
    bencher.counter(divan::counter::BytesCount::of_str(&message)).bench(|| signature(black_box(&message)));
}
