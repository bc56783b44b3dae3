use std::fmt;

/// A key or password. It can be compared and handed to whoever needs it by [`Secret::expose`], but
/// it neither prints nor serialises.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text out of sight.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the wire only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    /// Two blanket implementations: naming the method is ambiguous, and so fails to compile, as
    /// soon as the type implements `Serialize`.
    trait NotSerialize<Marker> {
        fn check() {}
    }
    impl<T: ?Sized> NotSerialize<()> for T {}
    impl<T: serde::Serialize + ?Sized> NotSerialize<u8> for T {}

    #[test]
    fn a_secret_neither_prints_nor_serialises() {
        let secret = Secret::new("sk-1234".to_owned());
        let printed = format!("{secret} {secret:?} {:#?}", Some(&secret));
        assert!(!printed.contains("1234"), "{printed}");
        assert_eq!(secret.expose(), "sk-1234");
        <Secret as NotSerialize<_>>::check();
    }
}
