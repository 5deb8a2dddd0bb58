//! Whether this program was started with standard output closed, as by `program >&-`.
//!
//! Rust's runtime opens `/dev/null` in its place before `main`, and then nothing tells that from a `/dev/null` that somebody chose: all that is
//! printed would be lost without a word. So it is looked at before, by a function that the loader calls. That is the only unsafe code of bpmtop, which
//! forbids it everywhere else, and the reason why it is a crate of its own.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed when the program was started; false where that cannot be told.
pub fn standard_output() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
mod before_main {
    use super::{CLOSED, Ordering};

    extern "C" fn look() {
        // SAFETY: the descriptor is only asked for its flags, which one that is closed answers with EBADF.
        let output = unsafe { rustix::fd::BorrowedFd::borrow_raw(1) };
        CLOSED.store(rustix::io::fcntl_getfd(output) == Err(rustix::io::Errno::BADF), Ordering::Relaxed);
    }

    // SAFETY: the loader calls what stands in this section before `main`; `look` needs nothing that a runtime sets up.
    #[used]
    #[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
    #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
    static LOOK: extern "C" fn() = look;
}
