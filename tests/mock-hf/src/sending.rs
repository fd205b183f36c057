//! The last part of the way: a reply becomes an answer, as far as its fault allows.

use std::{convert::Infallible, future::pending, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH},
};
use tokio::time::sleep;

use crate::{
    body::{AnswerBody, Course, Payload, Tail},
    connection::ConnectionControl,
    counters::Exchange,
    reply::Reply,
    scenario::FaultPlace,
};

pub(crate) async fn send(
    reply: Reply,
    method: &Method,
    mut exchange: Exchange,
    control: Arc<ConnectionControl>,
) -> Response<Body> {
    sleep(reply.delay).await;
    let course = Course::of(reply.fault.as_ref());
    if reply.fault.is_some_and(|fault| fault.place() == FaultPlace::Accept) {
        match never_answer(course.tail, exchange, &control).await {}
    }
    let promised = reply.payload.length().and_then(|length| course.promised(length));
    let mut headers = reply.headers;
    if let Some(promised) = promised
        && !reply.chunked
        && !headers.contains_key(CONTENT_LENGTH)
        && !bodiless(reply.status)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(promised));
    }
    exchange.head_sent(reply.status.as_u16(), matches!(reply.payload, Payload::Stream(_)));
    let body = AnswerBody::new(reply.payload, course, exchange, control);
    let no_body = method == Method::HEAD || bodiless(reply.status) || promised == Some(0);
    let mut response = Response::new(if no_body {
        // The answer counts as sent once its head is flushed.
        Body::new(body.never_polled())
    } else {
        Body::new(body)
    });
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

/// The request was read, and that is all.
async fn never_answer(tail: Tail, exchange: Exchange, control: &ConnectionControl) -> Infallible {
    let _held = match tail {
        Tail::Break(how) => {
            exchange.broken_by_fault();
            control.break_now(how);
            None
        }
        _ => Some(exchange),
    };
    pending().await
}

fn bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
