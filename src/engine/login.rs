//! How a client proves who it is, and the token it may fetch again.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::error::Problem;
use crate::text::EngineText;

/// After a token could not be fetched, nothing is sent and nothing fetched for so long.
const PAUSE: Duration = Duration::from_secs(30);

/// How the client proves who it is.
#[derive(Clone, Debug, Default)]
pub enum Login {
    /// Not at all.
    #[default]
    None,
    /// HTTP Basic, sent with every request.
    Basic {
        /// The user's id.
        user: String,
        /// The password; shown nowhere.
        password: SecretString,
    },
    /// A bearer token, sent with every request.
    Bearer(Token),
}

/// Fetches a token anew. It may block; the text of its error is shown and must not hold the token.
type Fetch = dyn Fn() -> Result<SecretString, String> + Send + Sync;

/// A bearer token and the place to fetch another from. `Debug` shows neither.
#[derive(Clone)]
pub struct Token {
    value: SecretString,
    fetch: Option<Arc<Fetch>>,
}

impl Token {
    /// A token that cannot be fetched again.
    pub fn fixed(value: SecretString) -> Self {
        Self { value, fetch: None }
    }

    /// A token that is fetched again once it is refused. `fetch` runs on a thread of its own, never twice at the same time.
    pub fn renewable(value: SecretString, fetch: impl Fn() -> Result<SecretString, String> + Send + Sync + 'static) -> Self {
        Self { value, fetch: Some(Arc::new(fetch)) }
    }

    /// The token as it was given.
    pub fn value(&self) -> &SecretString {
        &self.value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("renewable", &self.fetch.is_some()).finish_non_exhaustive()
    }
}

/// What came of fetching a refused token again.
pub(super) enum Renewal {
    /// There is another token now, fetched by this call or by an earlier one.
    Renewed,
    /// There is no other token to try.
    Same,
    /// None could be fetched.
    Failed(EngineText),
}

/// The token in use, shared by all requests of a client.
pub(super) struct Tokens {
    fetch: Option<Arc<Fetch>>,
    state: RwLock<State>,
    turn: Mutex<()>,
}

struct State {
    value: SecretString,
    header: HeaderValue,
    /// How often the token was replaced.
    number: u64,
    /// Whether the token was accepted once.
    proven: bool,
    failed: Option<(Instant, EngineText)>,
}

impl Tokens {
    pub(super) fn new(token: Token) -> Result<Self, Problem> {
        let header = header(&token.value).map_err(|why| Problem::Setup { why })?;
        let state = State { value: token.value, header, number: 0, proven: false, failed: None };
        Ok(Self { fetch: token.fetch, state: RwLock::new(state), turn: Mutex::new(()) })
    }

    /// The header to send and the number of its token.
    pub(super) fn current(&self) -> (u64, HeaderValue) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.number, state.header.clone())
    }

    /// Why nothing should be sent just now: the token in use was refused and another could not be fetched a moment ago.
    pub(super) fn pausing(&self) -> Option<EngineText> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.failed.as_ref().filter(|(at, _)| at.elapsed() < PAUSE).map(|(_, why)| why.clone())
    }

    /// Notes that the token of this number was accepted.
    pub(super) fn prove(&self, number: u64) {
        let known = { self.state.read().unwrap_or_else(PoisonError::into_inner).proven };
        if !known {
            self.write(|state| state.proven |= state.number == number);
        }
    }

    /// Fetches another token after the one of this number was refused, unless that happened already.
    ///
    /// It goes on when the caller is dropped: a second command must not start while the first still runs.
    pub(super) async fn renew(self: &Arc<Self>, refused: u64) -> Renewal {
        let tokens = Arc::clone(self);
        let renewed = tokio::spawn(async move { tokens.renew_in_turn(refused).await }).await;
        renewed.unwrap_or_else(|_| Renewal::Failed("fetching the token was broken off".into()))
    }

    async fn renew_in_turn(&self, refused: u64) -> Renewal {
        let _turn = self.turn.lock().await;
        let (number, proven, known) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (state.number, state.proven, state.value.clone())
        };
        if number != refused {
            return Renewal::Renewed;
        }
        if let Some(why) = self.pausing() {
            return Renewal::Failed(why);
        }
        // A token that was fetched a moment ago and never accepted: the next one would fare no better.
        let fresh = number > 0 && !proven;
        let Some(fetch) = self.fetch.as_ref().filter(|_| !fresh) else { return Renewal::Same };
        let fetch = Arc::clone(fetch);
        let fetched = tokio::task::spawn_blocking(move || fetch()).await.unwrap_or_else(|_| Err("fetching the token was broken off".to_owned()));
        match fetched.and_then(|value| header(&value).map(|header| (value, header))) {
            Ok((value, _)) if value.expose_secret() == known.expose_secret() => Renewal::Same,
            Ok((value, header)) => {
                self.write(|state| *state = State { value, header, number: number + 1, proven: false, failed: None });
                Renewal::Renewed
            }
            Err(why) => {
                let why = EngineText::from(why);
                self.write(|state| state.failed = Some((Instant::now(), why.clone())));
                Renewal::Failed(why)
            }
        }
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn header(token: &SecretString) -> Result<HeaderValue, String> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| "the token holds characters that cannot travel in a header".to_owned())?;
    // Whatever logs headers shows "Sensitive" instead.
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn tokens(first: &str, fetch: impl Fn(usize) -> Result<SecretString, String> + Send + Sync + 'static) -> (Arc<Tokens>, Arc<AtomicUsize>) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let token = Token::renewable(first.into(), move || fetch(counted.fetch_add(1, Ordering::Relaxed)));
        (Arc::new(Tokens::new(token).expect("a token")), runs)
    }

    #[tokio::test]
    async fn a_token_fetched_in_vain_is_not_fetched_again_until_it_was_accepted() {
        let (tokens, runs) = tokens("a", |run| Ok(format!("b{run}").into()));
        assert!(matches!(tokens.renew(0).await, Renewal::Renewed));
        assert!(matches!(tokens.renew(0).await, Renewal::Renewed), "known to be replaced already");
        assert!(matches!(tokens.renew(1).await, Renewal::Same));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        tokens.prove(1);
        assert!(matches!(tokens.renew(1).await, Renewal::Renewed));
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_old_proof_does_not_vouch_for_a_newer_token() {
        let (tokens, _) = tokens("a", |run| Ok(format!("b{run}").into()));
        assert!(matches!(tokens.renew(0).await, Renewal::Renewed));
        tokens.prove(0);
        assert!(matches!(tokens.renew(1).await, Renewal::Same));
    }

    #[tokio::test]
    async fn a_source_that_fails_is_left_alone_for_a_while() {
        let (tokens, runs) = tokens("a", |_| Err("token_command oidc failed".to_owned()));
        for _ in 0..3 {
            assert!(matches!(tokens.renew(0).await, Renewal::Failed(why) if why.as_wire() == "token_command oidc failed"));
        }
        assert_eq!((runs.load(Ordering::Relaxed), tokens.pausing().is_some()), (1, true));
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_does_not_start_a_second_command() {
        let (tokens, runs) = tokens("a", |_| {
            std::thread::sleep(Duration::from_millis(100));
            Ok("b".into())
        });
        let impatient = tokio::time::timeout(Duration::from_millis(20), tokens.renew(0)).await;
        assert!(impatient.is_err());
        assert!(matches!(tokens.renew(0).await, Renewal::Renewed));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_token_that_would_end_its_header_is_refused_without_repeating_it() {
        let problem = Tokens::new(Token::fixed("hunter2\nX-Evil: 1".into())).err().expect("refused");
        assert!(!format!("{problem} {problem:?}").contains("hunter2"));
        assert!(!format!("{:?}", Token::fixed("hunter2".into())).contains("hunter2"));
    }
}
