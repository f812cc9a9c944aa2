//! The macro behind the tables of sentences. The Korean table declares the names; a language that lacks one of them, or
//! has another one, does not compile.

/// Declares a struct with one field for each sentence, and its Korean value.
///
/// `struct Words = KO { name: "…", }` declares a table. `struct PageWords = KO_PAGES: Words = KO { … }` declares a
/// table that extends another one: `common` refers to it, and its sentences are read like the table's own.
macro_rules! sentences {
    (
        $(#[$meta:meta])*
        pub struct $table:ident = $korean:ident $(: $common:ident = $common_korean:ident)? {
            $($name:ident: $sentence:literal,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $table {
            $(pub common: &'static $common,)?
            $(pub $name: &'static str,)*
        }

        pub static $korean: $table = $table {
            $(common: &$common_korean,)?
            $($name: $sentence,)*
        };

        impl $table {
            /// The names and texts of this table alone.
            #[cfg(test)]
            pub fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        $(impl std::ops::Deref for $table {
            type Target = $common;

            fn deref(&self) -> &$common {
                self.common
            }
        })?
    };
}

pub(super) use sentences;
