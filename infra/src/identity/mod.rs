//! Our own identity provider: access tokens that any service can check with the published keys,
//! and refresh tokens that only we can.
