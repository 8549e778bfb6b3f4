//! Prompts that carry a conversation in the marks of a model's template, taken apart. What has no marks is one text of the user.

use crate::chat::{Chat, Part, Role, Turn};

/// Llama 3 and 4: a header names who speaks, and a mark ends what is said. ("Prompt formats" of the models' cards.)
const HEADERS: [(&str, &str, &str); 2] =
    [("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), ("<|header_start|>", "<|header_end|>", "<|eot|>")];

pub fn read(prompt: &str) -> Chat {
    for (open, close, end) in HEADERS {
        if prompt.contains(open) {
            return with_headers(prompt, open, close, end);
        }
    }
    if prompt.contains("[INST]") { with_instructions(prompt) } else { Chat::of_prompt(prompt) }
}

fn with_headers(prompt: &str, open: &str, close: &str, end: &str) -> Chat {
    let mut chat = Chat::default();
    for section in prompt.split(open).skip(1) {
        let Some((who, said)) = section.split_once(close) else { continue };
        let said = said.split(end).next().unwrap_or_default().trim();
        match who.trim() {
            "system" => chat.system.push(said.to_owned()),
            "assistant" => add(&mut chat, Role::Assistant, said),
            _ => add(&mut chat, Role::User, said),
        }
    }
    chat
}

/// Llama 2 and Mistral: `<s>[INST] <<SYS>>…<</SYS>> asked [/INST] answered </s>`
fn with_instructions(prompt: &str) -> Chat {
    let mut chat = Chat::default();
    for section in prompt.split("[INST]") {
        let (asked, answered) = section.split_once("[/INST]").unwrap_or(("", section));
        let mut asked = asked.trim();
        if let Some((system, rest)) = asked.strip_prefix("<<SYS>>").and_then(|it| it.split_once("<</SYS>>")) {
            chat.system.push(system.trim().to_owned());
            asked = rest.trim();
        }
        add(&mut chat, Role::User, asked);
        add(&mut chat, Role::Assistant, answered.replace("<s>", "").replace("</s>", "").trim());
    }
    chat
}

fn add(chat: &mut Chat, role: Role, said: &str) {
    if !said.is_empty() {
        chat.turns.push(Turn { role, parts: vec![Part::Text(said.to_owned())] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_taken_apart() {
        let three = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
            <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
        let two = "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]";
        let four = "<|begin_of_text|><|header_start|>system<|header_end|>\n\nBe brief.<|eot|><|header_start|>user<|header_end|>\n\nHi<|eot|>";
        for prompt in [three, two, four] {
            let chat = read(prompt);
            assert_eq!(chat.system, ["Be brief."]);
            assert!(
                matches!(&chat.turns[..], [Turn { role: Role::User, parts }] if matches!(&parts[..], [Part::Text(it)] if it == "Hi")),
                "{chat:?}"
            );
        }
        let long = read("<s>[INST] One [/INST] Two</s>[INST] Three [/INST]");
        let roles: Vec<Role> = long.turns.iter().map(|it| it.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
        assert_eq!(read("plain").turns.len(), 1);
    }
}
