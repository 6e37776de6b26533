DROP TABLE heartbeat;
DROP TABLE exchanges;
DROP TABLE attempts;
DROP TABLE connections;
