//! What a client sees of the server itself: sessions, the list of tools, resources, prompts, views.

mod arguments;
mod budget;
mod client;
mod definitions;
mod levels;
mod prompts;
mod resources;
mod sessions;
mod tool_list;
mod vendors;
mod views;
