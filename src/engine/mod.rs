//! The REST client and the request catalogue. Nothing above this module sees JSON or a URL.
