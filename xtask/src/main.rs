mod api;
fn main() {
    let mut modules = Vec::new();
    for entry in std::fs::read_dir("services").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let ops = api::operations(&path).unwrap();
        let text = api::generate(model::service(&name).unwrap(), &ops);
        let module = name.replace('-', "_");
        std::fs::write(format!("crates/api/src/{module}.rs"), text).unwrap();
        modules.push(module);
    }
    modules.sort();
    println!("{}", modules.iter().map(|m| format!("pub mod {m};\n")).collect::<String>());
}
