-- Goes through the JWTs of a file, if one is named, and tells what was measured in one line.
local threads = 0

function setup(thread)
  thread:set("place", threads)
  threads = threads + 1
end

function init(arguments)
  requests = {}
  if arguments[1] then
    for jwt in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format(nil, nil, { ["Authorization"] = "Bearer " .. jwt })
    end
  else
    requests[1] = wrk.format()
  end
  -- Each thread begins elsewhere.
  at = place * 500
end

function request()
  at = at + 1
  return requests[at % #requests + 1]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("measured %.3f %.3f %.3f %d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
