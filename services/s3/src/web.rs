//! S3's part of the web: pages of websites, and forms of browsers.

use crate::{form, website};
use kernel::web::{Web, WebAnswer, WebRequest};
use kernel::{BoxFuture, Cloud};
use model::Result;

pub const PART: Web = Web { takes: |request, host| website::takes(host) || form::takes(request, host), answer };

fn answer(cloud: Cloud, request: WebRequest) -> BoxFuture<Result<WebAnswer>> {
    if website::takes(&request.host) {
        return Box::pin(website::answer(cloud, request));
    }
    Box::pin(form::answer(cloud, request))
}
