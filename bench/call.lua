-- The same call again and again: wrk … -s bench/call.lua URL -- SERVICE CONTENT_TYPE TARGET BODY
dofile("bench/report.lua")

local call

function init(args)
  call = wrk.format("POST", "/", headers(args[1], args[2], args[3]), args[4])
end

function request()
  return call
end
