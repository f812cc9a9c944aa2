//! The source reader: `syn` parses each file, and its tokens give every name in the code, also inside macros.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use proc_macro2::{Delimiter, LineColumn, TokenStream, TokenTree};
use syn::{ItemUse, Lit, visit::Visit};

use super::declared::{Declared, branches, declared};

/// A source file without comments and tests.
pub(super) struct Source {
    /// The path below `src`.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    /// The values of the string literals, with their lines.
    pub(super) strings: Vec<(usize, String)>,
    pub(super) declared: Declared,
    pub(super) imports: Vec<Import>,
    /// For each pair of braces, the enclosing pair. The first entry is the file.
    scopes: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
    /// The innermost pair of braces that encloses the token.
    pub(super) scope: usize,
    is_import: bool,
    start: LineColumn,
}

/// One name of a `use` item.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) line: usize,
    pub(super) scope: usize,
    /// The name in this file: the last part of the path, or the name after `as`.
    pub(super) alias: String,
    pub(super) parts: Vec<String>,
    pub(super) is_public: bool,
}

/// A path in the code, from the root of the crate.
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) parts: Vec<String>,
    /// Whether the path is inside braces: in a function or another item.
    pub(super) is_inside: bool,
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Finds the files below a folder whose names end in one of these.
pub(super) fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            files(&path, endings, found);
        } else if path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending)) {
            found.push(path);
        }
    }
    found.sort();
}

/// Whether a file below `src` holds tests or benchmarks: the rules of the modules do not apply to those.
pub(super) fn is_test(name: &str) -> bool {
    name.starts_with("tests/") || name.starts_with("bench/") || name.contains("_tests")
}

/// Every source file of the app, without tests and benchmarks. They are read once.
pub(super) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let mut found = Vec::new();
        files(&root(), &["rs"], &mut found);
        assert!(found.len() > 80, "only {} files", found.len());
        let name = |path: &Path| path.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
        let of_app = found.iter().filter(|path| !is_test(&name(path)));
        of_app.map(|path| Source::read(name(path), fs::read_to_string(path).expect("text"))).collect()
    })
}

impl Source {
    pub(super) fn read(name: String, mut text: String) -> Self {
        if let Some(tests) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(tests);
        }
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{name}: {error}"));
        let mut reader = Reader::default();
        reader.read(text.parse().expect("tokens"), 0);
        let Reader { mut tokens, strings, scopes } = reader;
        let mut uses = Uses::default();
        uses.visit_file(&file);
        let mut imports = Vec::new();
        for item in &uses.items {
            let start = item.use_token.span.start();
            let at = tokens.iter().position(|token| token.start == start).expect("the token of a use item");
            let (line, scope) = (tokens[at].line, tokens[at].scope);
            let end = at + tokens[at..].iter().position(|token| token.text == ";").expect("the end of a use item");
            tokens[at..end].iter_mut().for_each(|token| token.is_import = true);
            let is_public = !matches!(item.vis, syn::Visibility::Inherited);
            let mut found = Vec::new();
            branches(&item.tree, &[], &mut found);
            imports.extend(found.into_iter().map(|(alias, parts)| Import { line, scope, alias, parts, is_public }));
        }
        Self { name, tokens, strings, declared: declared(&file.items), imports, scopes, text }
    }

    /// The module of the table `MODULES` that this file belongs to.
    pub(super) fn top_module(&self) -> &str {
        match self.name.as_str() {
            "api/from_service.rs" => "from_service",
            "http/cookies.rs" => "cookies",
            "http/page_status.rs" => "page_status",
            "http/request.rs" => "request",
            name if name.starts_with("api/reads/") => "reads",
            name => name.split('/').next().unwrap_or_default().trim_end_matches(".rs"),
        }
    }

    /// The module that this file is, from the root.
    pub(super) fn module(&self) -> Vec<String> {
        let name = self.name.trim_end_matches(".rs");
        name.trim_end_matches("/mod").split('/').map(str::to_owned).collect()
    }

    pub(super) fn at(&self, line: usize, sentence: &str) -> String {
        format!("src/{}:{line}: {sentence}", self.name)
    }

    /// Whether the tokens from `at` on are these.
    pub(super) fn reads(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(next, word)| self.tokens.get(at + next).is_some_and(|token| token.text == *word))
    }

    /// Whether `inner` is the scope `outer` or inside of it.
    pub(super) fn is_within(&self, mut inner: usize, outer: usize) -> bool {
        while inner != outer && inner != 0 {
            inner = self.scopes[inner];
        }
        inner == outer
    }

    /// The paths of two or more parts outside `use` items, as they are written, with their first tokens.
    pub(super) fn paths(&self) -> Vec<(&Token, Vec<String>)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < self.tokens.len() {
            let first = &self.tokens[at];
            let mut parts = vec![first.text.clone()];
            let mut end = at + 1;
            while self.reads(end, &["::"]) && self.tokens.get(end + 1).is_some_and(|token| is_name(&token.text)) {
                parts.push(self.tokens[end + 1].text.clone());
                end += 2;
            }
            let goes_on_before = at > 0 && matches!(self.tokens[at - 1].text.as_str(), "::" | ".");
            if is_name(&first.text) && !first.is_import && !goes_on_before && parts.len() > 1 {
                found.push((first, parts));
            }
            at = end;
        }
        found
    }

    /// Whether this name occurs alone (not in a path) in the code outside `use` items.
    pub(super) fn uses_name(&self, name: &str) -> bool {
        self.tokens.iter().enumerate().any(|(at, token)| {
            let is_member = at > 0 && matches!(self.tokens[at - 1].text.as_str(), "::" | "." | "fn" | "mod");
            token.text == name && !token.is_import && !is_member
        })
    }

    /// Every path from `crate` or through `super`, in `use` items and elsewhere, from the root of the crate.
    pub(super) fn named(&self) -> Vec<Named> {
        self.all_paths()
            .into_iter()
            .filter_map(|(line, scope, parts)| {
                let parts = self.path_from_root(&parts)?;
                Some(Named { line, parts, is_inside: scope != 0 })
            })
            .collect()
    }

    /// The paths that begin with this name, each without the name.
    pub(super) fn named_from(&self, start: &str) -> Vec<Named> {
        let paths = self.all_paths().into_iter().filter(|(_, _, parts)| parts[0] == start);
        paths.map(|(line, scope, parts)| Named { line, parts: parts[1..].to_vec(), is_inside: scope != 0 }).collect()
    }

    fn all_paths(&self) -> Vec<(usize, usize, Vec<String>)> {
        let imports = self.imports.iter().map(|import| (import.line, import.scope, import.parts.clone()));
        let paths = self.paths().into_iter().map(|(token, parts)| (token.line, token.scope, parts));
        imports.chain(paths).filter(|(_, _, parts)| parts.len() > 1).collect()
    }

    /// A path from `crate` or `super` as from the root of the crate.
    pub(super) fn path_from_root(&self, parts: &[String]) -> Option<Vec<String>> {
        let supers = parts.iter().take_while(|part| *part == "super").count();
        if parts[0] == "crate" {
            return Some(parts[1..].to_vec());
        }
        let mut path = self.module();
        if supers == 0 || supers > path.len() {
            return None;
        }
        path.truncate(path.len() - supers);
        path.extend_from_slice(&parts[supers..]);
        Some(path)
    }

    /// Where the code names one of these crates.
    pub(super) fn names_crate(&self, crates: &[&str]) -> Vec<(usize, String)> {
        let paths = self.all_paths().into_iter().filter(|(_, _, parts)| crates.contains(&parts[0].as_str()));
        paths.map(|(line, _, parts)| (line, parts[0].clone())).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Collects the `use` items of a file, also those inside functions.
#[derive(Default)]
struct Uses<'ast> {
    items: Vec<&'ast ItemUse>,
}

impl<'ast> Visit<'ast> for Uses<'ast> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.items.push(item);
    }
}

/// Flattens the tokens of a file. Doc comments, which are `doc` attributes to the parser, are left out.
#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    strings: Vec<(usize, String)>,
    scopes: Vec<usize>,
}

impl Reader {
    fn push(&mut self, text: String, span: proc_macro2::Span, scope: usize) {
        let start = span.start();
        // Two colons are one token.
        if let (":", Some(last)) = (text.as_str(), self.tokens.last_mut())
            && last.text == ":"
            && last.start.line == start.line
            && last.start.column + 1 == start.column
        {
            last.text.push(':');
            return;
        }
        self.tokens.push(Token { text, line: start.line, scope, is_import: false, start });
    }

    fn read(&mut self, stream: TokenStream, scope: usize) {
        if self.scopes.is_empty() {
            self.scopes.push(0);
        }
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            if let Some(after) = doc_attribute(&trees[at..]) {
                at += after;
                continue;
            }
            match &trees[at] {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::Parenthesis | Delimiter::None => ("(", ")"),
                    };
                    let mut inner = scope;
                    if group.delimiter() == Delimiter::Brace {
                        inner = self.scopes.len();
                        self.scopes.push(scope);
                    }
                    self.push(open.into(), group.span_open(), scope);
                    self.read(group.stream(), inner);
                    self.push(close.into(), group.span_close(), scope);
                }
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    match Lit::new(literal.clone()) {
                        Lit::Str(text) => self.strings.push((line, text.value())),
                        Lit::ByteStr(bytes) => {
                            self.strings.push((line, String::from_utf8_lossy(&bytes.value()).into_owned()));
                        }
                        _ => {}
                    }
                    self.push("\"\"".into(), literal.span(), scope);
                }
                other => self.push(other.to_string(), other.span(), scope),
            }
            at += 1;
        }
    }
}

/// How many trees a `doc` attribute at the start takes, if there is one.
fn doc_attribute(trees: &[TokenTree]) -> Option<usize> {
    let is_punct =
        |tree: Option<&TokenTree>, sign: char| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let bracket = match (is_punct(trees.first(), '#'), is_punct(trees.get(1), '!')) {
        (true, true) => 2,
        (true, false) => 1,
        _ => return None,
    };
    let TokenTree::Group(group) = trees.get(bracket)? else { return None };
    let first = group.stream().into_iter().next()?;
    (group.delimiter() == Delimiter::Bracket && first.to_string() == "doc").then_some(bracket + 1)
}

#[test]
fn the_reader_sees_every_path_and_no_words() {
    let sample = "// crate::http is a comment\nuse crate::{\n    api::{self, X as Y},\n    text, // crate::app\n};\n\
                  use super::{super::domain, events};\n\
                  /// crate::cli\nfn f() {\n    let r#type = \"crate::cli \\\" crate::app\";\n    \
                  crate::server::go('\"', '\\'', r#\"crate::x\"#);\n    view! { <p>{text::fill()}</p> }\n}\n\
                  #[cfg(test)]\nmod tests {\n    use crate::bench;\n}\n";
    let source = Source::read("server/live/mod.rs".into(), sample.into());
    let named: Vec<(usize, String, bool)> =
        source.named().into_iter().map(|named| (named.line, named.parts.join("::"), named.is_inside)).collect();
    let expected = [
        (2, "api", false),
        (2, "api::X", false),
        (2, "text", false),
        (6, "domain", false),
        (6, "server::events", false),
        (10, "server::go", true),
    ];
    assert_eq!(named, expected.map(|(line, path, is_inside)| (line, path.to_owned(), is_inside)));
    assert_eq!(source.strings, [(9, "crate::cli \" crate::app".to_owned()), (10, "crate::x".to_owned())]);
    let paths: Vec<String> = source.paths().into_iter().map(|(_, parts)| parts.join("::")).collect();
    assert_eq!(paths, ["crate::server::go", "text::fill"], "also inside a macro");
    assert_eq!(source.imports[1].alias, "Y");
}
