//! The module graph, file by file: which file uses which, and that no files use one another in a circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    declared::{Declared, DeclaredModule},
    hold,
    source::{Import, Source, sources},
};

/// A module: a file, or an inline `mod` of one.
#[derive(Default)]
struct Module<'a> {
    file: usize,
    parent: usize,
    children: BTreeMap<String, usize>,
    items: BTreeSet<&'a String>,
    /// Public `use` items: the name and the path. A glob has the name `*`.
    re_exports: Vec<&'a (String, Vec<String>)>,
}

/// The files and the modules of the crate.
struct Graph<'a> {
    sources: &'a [Source],
    modules: Vec<Module<'a>>,
    /// The module of each file.
    by_file: BTreeMap<usize, usize>,
}

/// The target of a path.
enum Target {
    Module(usize),
    /// The files that define the item. More than one where the two halves of the crate differ.
    Item(BTreeSet<usize>),
}

/// For each file, the files it uses, with the first line that names each.
type Edges = BTreeMap<usize, BTreeMap<usize, usize>>;

impl<'a> Graph<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let file = sources.iter().position(|source| source.name == "lib.rs").expect("lib.rs");
        let mut graph = Self { sources, modules: vec![Module { file, ..Module::default() }], by_file: BTreeMap::new() };
        graph.by_file.insert(file, 0);
        graph.add(0, &sources[file].declared);
        graph
    }

    fn add(&mut self, module: usize, declared: &'a Declared) {
        self.modules[module].items.extend(&declared.items);
        self.modules[module].re_exports.extend(&declared.re_exports);
        for child in &declared.modules {
            let file = match &child.inline {
                Some(_) => self.modules[module].file,
                None => self.file_of(module, child),
            };
            // The two halves may each have a module with this name.
            let at = match self.modules[module].children.get(&child.name) {
                Some(at) => *at,
                None => {
                    self.modules.push(Module { file, parent: module, ..Module::default() });
                    self.modules.len() - 1
                }
            };
            self.modules[module].children.insert(child.name.clone(), at);
            match &child.inline {
                Some(inline) => self.add(at, inline),
                None => {
                    self.by_file.insert(file, at);
                    self.add(at, &self.sources[file].declared);
                }
            }
        }
    }

    /// The file of `mod name;`.
    fn file_of(&self, module: usize, child: &DeclaredModule) -> usize {
        let name = &child.name;
        let own = &self.sources[self.modules[module].file].name;
        let folder = Path::new(own).parent().expect("a folder");
        let candidates = match &child.path {
            Some(path) => vec![folder.join(path)],
            None => {
                let is_folder = own.ends_with("/mod.rs") || own == "lib.rs";
                let below = if is_folder { folder.to_owned() } else { Path::new(own).with_extension("") };
                vec![below.join(format!("{name}.rs")), below.join(name).join("mod.rs")]
            }
        };
        let is_it = |source: &Source| candidates.iter().any(|path| Path::new(&source.name) == path);
        self.sources.iter().position(is_it).unwrap_or_else(|| panic!("src/{own}: mod {name} has no file"))
    }

    /// Follows a path from a module. `None` if the path leads out of the crate or to something the reader cannot see.
    fn resolve(&self, module: usize, parts: &[String], depth: usize) -> Option<Target> {
        let Some((first, rest)) = parts.split_first() else { return Some(Target::Module(module)) };
        let here = &self.modules[module];
        match first.as_str() {
            "crate" => return self.resolve(0, rest, depth),
            "super" => return self.resolve(here.parent, rest, depth),
            "self" => return self.resolve(module, rest, depth),
            "*" => return Some(Target::Module(module)),
            _ => {}
        }
        if let Some(child) = here.children.get(first) {
            return self.resolve(*child, rest, depth);
        }
        if here.items.contains(first) {
            return Some(Target::Item(BTreeSet::from([here.file])));
        }
        if depth > 8 {
            return None;
        }
        let mut found = BTreeSet::new();
        for (name, path) in &here.re_exports {
            let path = match name.as_str() {
                "*" => [&path[..path.len() - 1], parts].concat(),
                name if name == first => [path.as_slice(), rest].concat(),
                _ => continue,
            };
            match self.resolve(module, &path, depth + 1) {
                Some(Target::Item(files)) => found.extend(files),
                Some(target @ Target::Module(_)) => return Some(target),
                // An item made by a macro belongs to the file of the module that exports it.
                None if name != "*" => match self.resolve(module, &path[..path.len() - rest.len() - 1], depth + 1) {
                    Some(Target::Module(module)) => found.extend([self.modules[module].file]),
                    Some(Target::Item(files)) => found.extend(files),
                    None => {}
                },
                None => {}
            }
        }
        (!found.is_empty()).then_some(Target::Item(found))
    }

    /// The files that a path uses. An item made by a macro counts as part of its module's file.
    fn files(&self, module: usize, parts: &[String]) -> BTreeSet<usize> {
        match self.resolve(module, parts, 0) {
            Some(Target::Item(files)) => files,
            Some(Target::Module(_)) => BTreeSet::new(),
            None => (0..parts.len())
                .rev()
                .find_map(|end| match self.resolve(module, &parts[..end], 0)? {
                    Target::Module(module) => Some(BTreeSet::from([self.modules[module].file])),
                    Target::Item(files) => Some(files),
                })
                .filter(|_| {
                    matches!(parts[0].as_str(), "crate" | "super" | "self")
                        || self.modules[module].children.contains_key(&parts[0])
                })
                .unwrap_or_default(),
        }
    }

    /// Which file uses which. `mod` items and re-exports do not count as uses.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (file, module) in &self.by_file {
            let source = &self.sources[*file];
            let mut add = |line: usize, parts: &[String]| {
                for target in self.files(*module, parts) {
                    if target != *file {
                        edges.entry(*file).or_default().entry(target).or_insert(line);
                    }
                }
            };
            for import in &source.imports {
                if !import.is_public || source.uses_name(&import.alias) {
                    add(import.line, &import.parts);
                }
            }
            for (token, parts) in source.paths() {
                let is_in_scope =
                    |import: &&Import| import.alias == parts[0] && source.is_within(token.scope, import.scope);
                match source.imports.iter().filter(is_in_scope).max_by_key(|import| import.scope) {
                    Some(import) => add(token.line, &[import.parts.as_slice(), &parts[1..]].concat()),
                    None => add(token.line, &parts),
                }
            }
        }
        edges
    }

    /// The files that use one another in a circle, each group with the uses inside it.
    fn cycles(&self) -> Vec<Vec<String>> {
        let edges = self.edges();
        let groups = strongly_connected(self.sources.len(), &edges);
        let within = |group: &BTreeSet<usize>| {
            let mut lines = Vec::new();
            for file in group {
                for (target, line) in edges.get(file).into_iter().flatten().filter(|(target, _)| group.contains(target))
                {
                    lines.push(self.sources[*file].at(*line, &format!("uses src/{}", self.sources[*target].name)));
                }
            }
            lines
        };
        groups.iter().filter(|group| group.len() > 1).map(within).collect()
    }
}

/// The groups of files that can all be reached from one another (Tarjan 1972, by two passes of a depth-first search).
fn strongly_connected(count: usize, edges: &Edges) -> Vec<BTreeSet<usize>> {
    let mut back = Edges::new();
    for (from, targets) in edges {
        for (to, line) in targets {
            back.entry(*to).or_default().insert(*from, *line);
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for file in 0..count {
        reach(file, edges, &mut seen, &mut order);
    }
    let mut seen = BTreeSet::new();
    let mut groups = Vec::new();
    for file in order.into_iter().rev() {
        let mut group = Vec::new();
        reach(file, &back, &mut seen, &mut group);
        groups.push(group.into_iter().collect());
    }
    groups
}

/// Appends the files that can be reached from `file` and were not seen yet, the most distant first.
fn reach(file: usize, edges: &Edges, seen: &mut BTreeSet<usize>, order: &mut Vec<usize>) {
    if !seen.insert(file) {
        return;
    }
    for target in edges.get(&file).into_iter().flat_map(BTreeMap::keys) {
        reach(*target, edges, seen, order);
    }
    order.push(file);
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    let cycles = Graph::of(sources()).cycles();
    hold(cycles.into_iter().map(|uses| uses.join("\n")).collect());
}

#[test]
fn the_graph_follows_re_exports_to_the_file_that_defines_the_item() {
    let source = |name: &str, text: &str| Source::read(name.into(), text.into());
    let sources = [
        source("lib.rs", "pub mod a;\npub mod b;\n#[cfg(test)]\nmod tests;\n"),
        source("a/mod.rs", "mod inner;\npub use inner::Thing;\npub struct Own;\n"),
        source("a/inner.rs", "use super::Own;\npub struct Thing(Own);\n"),
        source("b.rs", "use crate::a::{self, Thing};\nfn f(_: Thing) -> a::Own { a::Own }\n"),
    ];
    let graph = Graph::of(&sources);
    let edges = graph.edges();
    let named = |file: usize| edges[&file].keys().map(|target| sources[*target].name.as_str()).collect::<Vec<_>>();
    assert_eq!((named(2), named(3)), (vec!["a/mod.rs"], vec!["a/mod.rs", "a/inner.rs"]));
    assert!(graph.cycles().is_empty(), "a re-export is no use");

    let mut sources = sources;
    sources[1] = source("a/mod.rs", "mod inner;\nuse inner::Thing;\npub struct Own;\nfn f(_: Thing) {}\n");
    assert_eq!(
        Graph::of(&sources).cycles().concat(),
        ["src/a/mod.rs:2: uses src/a/inner.rs", "src/a/inner.rs:1: uses src/a/mod.rs",]
    );
}
