# ActivityNet 1.2, 100 classes, I3D features: one feature per 16 frames at 25 fps, 0.64 s; D = 1024 per stream.
# Trains on "training", tests on "validation"; annotations are ActivityNet's own activity_net.v1-2.min.json.
_base_ = 'untrimmed_features.py'
data_root = '{{$ANET12_ROOT:data/activitynet12}}'
classes = [
    'Archery', 'Ballet', 'Bathing dog', 'Belly dance', 'Breakdancing', 'Brushing hair', 'Brushing teeth',
    'Bungee jumping', 'Cheerleading', 'Chopping wood', 'Clean and jerk', 'Cleaning shoes', 'Cleaning windows',
    'Cricket', 'Cumbia', 'Discus throw', 'Dodgeball', 'Doing karate', 'Doing kickboxing', 'Doing motocross',
    'Doing nails', 'Doing step aerobics', 'Drinking beer', 'Drinking coffee', 'Fixing bicycle', 'Getting a haircut',
    'Getting a piercing', 'Getting a tattoo', 'Grooming horse', 'Hammer throw', 'Hand washing clothes', 'High jump',
    'Hopscotch', 'Horseback riding', 'Ironing clothes', 'Javelin throw', 'Kayaking', 'Layup drill in basketball',
    'Long jump', 'Making a sandwich', 'Mixing drinks', 'Mowing the lawn', 'Paintball', 'Painting', 'Ping-pong',
    'Plataform diving', 'Playing accordion', 'Playing badminton', 'Playing bagpipes', 'Playing field hockey',
    'Playing flauta', 'Playing guitarra', 'Playing harmonica', 'Playing kickball', 'Playing lacrosse',
    'Playing piano', 'Playing polo', 'Playing racquetball', 'Playing saxophone', 'Playing squash', 'Playing violin',
    'Playing volleyball', 'Playing water polo', 'Pole vault', 'Polishing forniture', 'Polishing shoes',
    'Preparing pasta', 'Preparing salad', 'Putting on makeup', 'Removing curlers', 'Rock climbing', 'Sailing',
    'Shaving', 'Shaving legs', 'Shot put', 'Shoveling snow', 'Skateboarding', 'Smoking a cigarette', 'Smoking hookah',
    'Snatch', 'Spinning', 'Springboard diving', 'Starting a campfire', 'Tai chi', 'Tango',
    'Tennis serve with ball bouncing', 'Triple jump', 'Tumbling', 'Using parallel bars', 'Using the balance beam',
    'Using the pommel horse', 'Using uneven bars', 'Vacuuming floor', 'Walking the dog', 'Washing dishes',
    'Washing face', 'Washing hands', 'Windsurfing', 'Wrapping presents', 'Zumba',
]
recipe = dict(fps=25, snippet_stride=16, window=16)

dataset = dict(
    data_root=data_root,
    ann_file='activity_net.v1-2.min.json',
    data_prefix=dict(rgb='i3d/rgb', flow='i3d/flow'),
    metainfo=dict(classes=classes),
    recipe=recipe,
    feature_dim=1024)
train_dataloader = dict(dataset=dict(subset='training', **dataset))
val_dataloader = dict(dataset=dict(subset='validation', **dataset))
test_dataloader = val_dataloader

val_evaluator = dict(type='WTALMetric', protocol='activitynet')
test_evaluator = val_evaluator
