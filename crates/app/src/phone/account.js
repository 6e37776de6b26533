// What the views know of the user's account: who the user is there, its pipelines and its people. Each is read once a
// connection, and asked for again if it did not come. A view does without what does not come.
const answers = new Map(); // promises, by user, connection and path

let me = {}; // as GET /me says
let pipelines = [];
let people = new Map(); // names by number

function learn(path, none) {
  const name = `${user.name} ${connectedAt} ${path}`;
  if (!answers.has(name)) {
    const answer = call(user, 'GET', path).then(({ data }) => data).catch((refusal) => {
      if (refusal.status !== 403) answers.delete(name); // a right that is missing does not come back so soon
      return none;
    });
    answers.set(name, answer);
  }
  return answers.get(name);
}

async function learnProfile() {
  const asker = user;
  const profile = await learn('/me', {});
  if (asker === user) me = profile;
}

async function learnPipelines() {
  const asker = user;
  const all = await learn('/pipelines', []);
  if (asker === user) pipelines = all;
}

async function learnPeople() {
  const asker = user;
  const all = await learn('/users', []);
  if (asker === user) people = new Map(all.map(({ id, name }) => [id, name]));
}

const learnAccount = () => Promise.all([learnProfile(), learnPipelines(), learnPeople()]);

// What has been learned may be old.
function learnAnew() {
  answers.clear();
}

function forgetAccount() {
  me = {};
  pipelines = [];
  people = new Map();
  forgetLeads();
  closeLead();
  forgetTasks();
  leaveForm($('new-form'));
}

// Undefined where nobody did it, or the name is not known.
function personName(number) {
  return people.get(number) ?? (number && number === me.userId ? me.userName ?? 'You' : undefined);
}

function stageName(pipelineId, stageId) {
  const pipeline = pipelines.find(({ id }) => id === pipelineId);
  return pipeline?.stages.find(({ id }) => id === stageId)?.name;
}

const stageValue = ({ pipelineId, stageId }) => `${pipelineId} ${stageId}`;

function stageOf(value) {
  const [pipelineId, stageId] = value.split(' ').map(Number);
  return { pipelineId, stageId };
}

// amoCRM takes no lead into the stage of those that nobody has accepted yet.
const UNSORTED = 1;

// The stages as a group a pipeline. The lead's own is chosen, and is there in any case.
function stageChoices(own) {
  const chosen = own && stageValue(own);
  const option = (stage) => {
    const value = stageValue({ pipelineId: stage.pipelineId, stageId: stage.id });
    return make('option', { value, defaultSelected: value === chosen, selected: value === chosen }, stage.name);
  };
  const isFree = (stage) => stage.type !== UNSORTED || stageValue({ ...stage, stageId: stage.id }) === chosen;
  const groups = pipelines.map((pipeline) => make('optgroup', { label: pipeline.name }, ...pipeline.stages.filter(isFree).map(option)));
  const isListed = groups.some((group) => [...group.children].some(({ value }) => value === chosen));
  const name = own?.statusName ?? 'Its present stage';
  return chosen && !isListed ? [make('option', { value: chosen, defaultSelected: true, selected: true }, name), ...groups] : groups;
}
