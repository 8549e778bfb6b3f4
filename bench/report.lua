-- One line that `cargo xtask bench` reads: requests, microseconds, p50, p99 (microseconds), errors.
function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.timeout + e.status
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors))
end

-- Headers of a call with the key `test`, whose signature is not verified.
function headers(service, content_type, target)
  local now = os.time()
  local scope = os.date("!%Y%m%d", now) .. "/us-east-1/" .. service .. "/aws4_request"
  local found = {
    ["Content-Type"] = content_type,
    ["X-Amz-Date"] = os.date("!%Y%m%dT%H%M%SZ", now),
    ["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/" .. scope ..
      ", SignedHeaders=content-type;host;x-amz-date, Signature=" .. string.rep("0", 64),
  }
  if target ~= "" then
    found["X-Amz-Target"] = target
  end
  return found
end
