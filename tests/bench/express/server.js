// The four endpoints of the first version of this service, on its stack. Two workers share a port.
import cluster from "node:cluster";
import express from "express";
import jwt from "jsonwebtoken";
import pg from "pg";

const { PORT = "3000", JWT_SECRET, AMO_CLIENT_ID, AMO_CLIENT_SECRET, AMO_REDIRECT_URI } = process.env;
const DEEP_LINK = "foryoure://amo-crm/callback";

// pg reads PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
const pool = new pg.Pool({ max: 10 });

// A statement with a name is prepared once for each connection.
const STATUS = "SELECT domain, account_id, expires_at FROM amo_crm_tokens WHERE user_id = $1";
const SAVE = `INSERT INTO amo_crm_tokens (user_id, access_token, refresh_token, domain, account_id, expires_at)
  VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
  ON CONFLICT (user_id) DO UPDATE SET access_token = excluded.access_token, refresh_token = excluded.refresh_token,
    domain = excluded.domain, account_id = excluded.account_id, expires_at = excluded.expires_at`;
const DISCONNECT = "DELETE FROM amo_crm_tokens WHERE user_id = $1";

const query = (name, text, values) => pool.query({ name, text, values });

async function exchangeCode(userId, code, domain) {
  const answer = await fetch(`https://${domain}/oauth2/access_token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_id: AMO_CLIENT_ID,
      client_secret: AMO_CLIENT_SECRET,
      grant_type: "authorization_code",
      redirect_uri: AMO_REDIRECT_URI,
      code,
    }),
  });
  if (!answer.ok) throw new Error(`amoCRM answered ${answer.status}`);
  const pair = await answer.json();
  const accountId = jwt.decode(pair.access_token)?.account_id ?? "";
  await query("save", SAVE, [userId, pair.access_token, pair.refresh_token, domain, accountId, pair.expires_in]);
}

function authenticate(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer") return response.status(401).json({ success: false, message: "Unauthorized" });
  try {
    request.user = jwt.verify(token, JWT_SECRET, { algorithms: ["HS256"] });
  } catch {
    return response.status(401).json({ success: false, message: "Unauthorized" });
  }
  next();
}

function serve() {
  const app = express();
  app.use(express.json());

  app.get("/api/amo-crm/callback", async (request, response) => {
    const { code, state, referer } = request.query;
    await exchangeCode(String(state), String(code), String(referer));
    response.send(`<html><body><h1>✓ Authorization successful!</h1>
      <button onclick="window.open('${DEEP_LINK}?code=${encodeURIComponent(code)}', '_self')">Return to App</button>
      </body></html>`);
  });

  app.post("/api/amo-crm/exchange-code", authenticate, async (request, response) => {
    await exchangeCode(request.user.sub, request.body.code, request.body.referer);
    response.json({ success: true, message: "AMO CRM connected" });
  });

  app.get("/api/amo-crm/status", authenticate, async (request, response) => {
    const { rows } = await query("status", STATUS, [request.user.sub]);
    const [row] = rows;
    response.json({
      success: true,
      data: {
        connected: row !== undefined,
        hasTokens: row !== undefined,
        domain: row?.domain ?? "",
        accountId: row?.account_id ?? "",
      },
    });
  });

  app.post("/api/amo-crm/disconnect", authenticate, async (request, response) => {
    await query("disconnect", DISCONNECT, [request.user.sub]);
    response.json({ success: true, message: "AMO CRM disconnected" });
  });

  app.listen(Number(PORT), "127.0.0.1");
}

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
} else {
  serve();
}
