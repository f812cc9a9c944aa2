//! What a file declares: its items, its modules and what it exports again.

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, UseTree};

/// The items of a file or of an inline module.
#[derive(Default)]
pub(super) struct Declared {
    pub(super) items: Vec<String>,
    /// Public `use` items: the name and the path. A glob has the name `*`.
    pub(super) re_exports: Vec<(String, Vec<String>)>,
    pub(super) modules: Vec<DeclaredModule>,
}

/// A `mod` item that is not for tests.
pub(super) struct DeclaredModule {
    pub(super) name: String,
    /// The value of its `path` attribute.
    pub(super) path: Option<String>,
    pub(super) inline: Option<Declared>,
}

/// Reads the items that a file or an inline module declares.
pub(super) fn declared(items: &[Item]) -> Declared {
    let mut declared = Declared::default();
    for item in items {
        match item {
            Item::Mod(item) if is_for_tests(&item.attrs) => {}
            Item::Mod(item) => declared.modules.push(DeclaredModule {
                name: item.ident.to_string(),
                path: path_attribute(&item.attrs),
                inline: item.content.as_ref().map(|(_, items)| self::declared(items)),
            }),
            Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) => {
                branches(&item.tree, &[], &mut declared.re_exports);
            }
            other => declared.items.extend(name_of(other)),
        }
    }
    declared
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg") && condition.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(value) if value.path.is_ident("path") => match &value.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The names of a `use` tree with their paths.
pub(super) fn branches(tree: &UseTree, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => branches(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.to_vec()));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
        UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(&rename.ident))),
        UseTree::Glob(_) => found.push(("*".into(), [before, &["*".to_owned()]].concat())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| branches(tree, before, found)),
    }
}
